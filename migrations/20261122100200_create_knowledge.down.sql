drop table pedro.stream_title;
drop table pedro.link;
