drop table pedro.link_embedding;
drop view pedro.link_part;
