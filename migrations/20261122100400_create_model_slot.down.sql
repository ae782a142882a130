drop table pedro.model_wait;
drop table pedro.model_slot;
drop table pedro.model_server;
