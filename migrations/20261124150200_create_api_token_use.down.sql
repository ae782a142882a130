drop table pedro.api_token_use;
