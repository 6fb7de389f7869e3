SELECT lines FROM webhooks_tallies
