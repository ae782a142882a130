alter table pedro.question drop column asked_in;
