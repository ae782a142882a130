drop table pedro.event_switch;
