create table armings (
    number bigint primary key,
    hypothesis varchar not null,
    rank bigint not null,
    armed_at timestamptz not null,
    history_days bigint not null,
    horizon_days bigint not null,
    error double not null
);
