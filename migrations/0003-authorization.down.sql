drop table client_setting;
drop table client;
drop table signing_key;
drop table launch_context;
drop table revoked_token;
drop table oidc_payload;
drop function revoke_access_token();
