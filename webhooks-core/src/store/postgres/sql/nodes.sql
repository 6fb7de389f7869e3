-- How many nodes are alive.
SELECT count(*) FROM webhooks.nodes WHERE NOT dead AND lease_until > clock_timestamp()
