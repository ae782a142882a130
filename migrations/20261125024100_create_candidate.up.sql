-- A line with all that retrieval scores it by. The lines beside it are those that a person wrote within an hour: what is
-- further away belongs to another talk.
create view pedro.candidate as
select id, channel_id, author_id, sent_at, doubt, tsvector_to_array(words) as lexemes,
    (select line.id from pedro.message as line
     where line.channel_id = message.channel_id and (line.sent_at, line.id) < (message.sent_at, message.id)
         and line.sent_at > message.sent_at - interval '1 hour' and line.author_kind = 'person'
     order by line.sent_at desc, line.id desc limit 1) as before,
    (select line.id from pedro.message as line
     where line.channel_id = message.channel_id and (line.sent_at, line.id) > (message.sent_at, message.id)
         and line.sent_at < message.sent_at + interval '1 hour' and line.author_kind = 'person'
     order by line.sent_at, line.id limit 1) as after
from pedro.message;
