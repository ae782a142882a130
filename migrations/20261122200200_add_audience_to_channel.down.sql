alter table pedro.channel drop column own_thread;
alter table pedro.channel drop column audience;
