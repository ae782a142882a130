drop table pedro.setting;
drop table pedro.opt_out;
drop table pedro.gap;
drop table pedro.message;
drop function pedro.chat_words(text);
drop table pedro.author;
drop table pedro.channel;
drop table pedro.community;
