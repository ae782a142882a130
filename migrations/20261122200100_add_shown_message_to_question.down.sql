alter table pedro.question drop column shown_message_id;
