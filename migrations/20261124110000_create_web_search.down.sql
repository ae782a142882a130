drop table pedro.web_search_source;
drop table pedro.web_search;
