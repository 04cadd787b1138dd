-- What the source calls a key that has another name in the target: whether a key is in a job's scope is judged by it.
ALTER TABLE steps ADD COLUMN source_name TEXT;
ALTER TABLE baseline ADD COLUMN source_name TEXT;
