alter table pedro.message_unembedded drop column taken_until;
