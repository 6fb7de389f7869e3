SELECT k.place, i.fingerprint, i.delivery_id, i.message_id, i.deliveries
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (tenant, key, place)
JOIN webhooks.idempotency AS i ON i.tenant = k.tenant AND i.key = k.key AND i.created_at > $3
