-- The secret that a client had before, as its hash, and until when it is still good: whoever rotates a secret needs time to
-- bring the new one to all of its machines.
alter table client
  add column previous_secret text,
  add column previous_until timestamptz,
  add constraint client_previous check ((previous_secret is null) = (previous_until is null));
