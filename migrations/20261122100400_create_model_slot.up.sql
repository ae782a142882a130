-- The model servers and how many generations each runs at once. Every process leases a slot before it generates:
-- two bots never book one model twice.
create table pedro.model_server (
    url text primary key,
    slots integer not null check (slots > 0),
    checked_at timestamptz not null default now()
);

create table pedro.model_slot (
    url text not null references pedro.model_server on delete cascade,
    number integer not null,
    holder uuid,
    lease_until timestamptz,
    primary key (url, number)
);

-- Who waits for a slot, in order: interactive (0) before background (1), then first come, first served.
create table pedro.model_wait (
    holder uuid primary key,
    priority smallint not null,
    since timestamptz not null,
    seen_at timestamptz not null
);
