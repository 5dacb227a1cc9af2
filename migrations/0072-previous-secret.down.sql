alter table client drop constraint client_previous, drop column previous_secret, drop column previous_until;
