drop table pedro.twitch_token;
