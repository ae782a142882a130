alter table pedro.channel drop column fetch_from;
alter table pedro.channel drop column heard_to;
