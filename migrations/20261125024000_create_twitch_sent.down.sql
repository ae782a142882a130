drop table pedro.twitch_sent;
