-- What the node owns of these, and goes on owning until the commit.
SELECT l.emitter, l.epoch, e.generation
FROM unnest($1::text[], $2::bigint[]) AS c (emitter, epoch)
JOIN webhooks.leases AS l ON l.emitter = c.emitter AND l.epoch = c.epoch
LEFT JOIN webhooks.emitters AS e ON e.id = l.emitter
WHERE l.node = $3
ORDER BY l.emitter
FOR SHARE OF l
