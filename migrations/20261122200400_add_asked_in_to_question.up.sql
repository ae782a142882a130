-- Where it was asked: the answer may stand in a thread below.
alter table pedro.question add column asked_in bigint references pedro.channel;
update pedro.question set asked_in = channel_id;
