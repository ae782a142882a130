drop view pedro.question_order;
alter table pedro.message drop column generation_id;
drop table pedro.generation_source;
drop table pedro.generation;
drop table pedro.question;
