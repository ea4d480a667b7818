alter table intents add column slice integer default 1;
alter table intents add column stop_loss decimal(38, 18);

alter table equity add column transferred decimal(38, 18) default 0;
alter table equity add column base decimal(38, 18);
alter table equity add column seen_base decimal(38, 18);

create table alarms (
    account varchar not null,
    rule varchar not null,
    "at" timestamptz not null,
    raised boolean not null,
    verdict varchar not null,
    text varchar not null,
    told boolean not null default false,
    primary key (account, rule, "at")
);

create table tallies (
    account varchar not null,
    "at" timestamptz not null,
    total integer not null,
    failed integer not null,
    down_since timestamptz,
    banned_until timestamptz,
    primary key (account, "at")
);
