drop table pedro.message_unembedded;
drop table pedro.message_embedding;
drop table pedro.embedding_model;
