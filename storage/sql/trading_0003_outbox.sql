create sequence notice_numbers;

create table notices (
    number bigint not null,
    id varchar primary key,
    event varchar not null,
    "at" timestamptz not null,
    severity integer not null,
    resource varchar not null,
    title varchar not null,
    text varchar not null,
    fields varchar not null,
    "group" varchar not null,
    picture varchar not null
);

create table destinations (
    destination varchar primary key,
    from_number bigint not null,
    least integer not null,
    failures integer not null default 0,
    next_try timestamptz,
    trouble varchar not null default '',
    gone varchar not null default '',
    is_plain boolean not null default false
);

create table deliveries (
    destination varchar not null,
    notice varchar not null,
    "at" timestamptz not null,
    message varchar not null,
    given_up varchar not null,
    primary key (destination, notice)
);
