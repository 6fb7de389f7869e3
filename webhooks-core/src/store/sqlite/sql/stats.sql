SELECT emitter, hour, pending, delivered, dead, discarded FROM webhooks_counters
