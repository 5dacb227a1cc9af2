alter table launch_context drop column parameters;
drop table launch;
