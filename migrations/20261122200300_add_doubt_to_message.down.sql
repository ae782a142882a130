alter table pedro.generation drop column withdrawn_at;
alter table pedro.message drop column doubt;
