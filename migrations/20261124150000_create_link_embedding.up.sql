-- What is embedded of a link: a question may be like what the link is called and found by, or like what it is. Together
-- the two would be like neither.
create view pedro.link_part as
select link.id as link_id, part, btrim(text) as text
from pedro.link cross join lateral (
    values (0::smallint, name || ' ' || words), (1::smallint, description)
) as parts (part, text)
where btrim(text) <> '';

create table pedro.link_embedding (
    link_id bigint not null references pedro.link on delete cascade,
    model_id smallint not null references pedro.embedding_model,
    part smallint not null,
    -- what was embedded: a link that says something else by now is embedded anew
    text text not null,
    embedding halfvec not null,
    primary key (link_id, model_id, part)
);
