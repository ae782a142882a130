alter table pedro.channel drop column retention_days;
