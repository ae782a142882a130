drop table pedro.link_embedding;
alter table pedro.link drop column meaning;
