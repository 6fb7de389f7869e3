SELECT nextval('webhooks.generation')
