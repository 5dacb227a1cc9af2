drop table app_use;
drop table record_access;
drop table audit_read;
alter table audit_raw drop constraint audit_raw_pkey;
alter table audit_raw drop column tx;
alter table audit_raw add primary key (id);
