drop table pedro.stream_recap;
alter table pedro.question drop column recap_id;
drop table pedro.recap_source;
drop table pedro.recap;
