SELECT ''::text
