create table releases (
    fingerprint varchar primary key,
    json varchar not null,
    created_at timestamptz not null,
    note varchar not null,
    evidence_json varchar not null
);

create table activations (
    number bigint primary key,
    fingerprint varchar not null,
    stage varchar not null,
    since timestamptz not null,
    "by" varchar not null,
    reason varchar not null
);

create table intents (
    link varchar primary key,
    account varchar not null,
    epoch bigint not null,
    decision_time timestamptz not null,
    symbol varchar not null,
    leg varchar not null,
    attempt integer not null,
    side varchar not null,
    quantity decimal(38, 18) not null,
    reduce_only boolean not null,
    changed_at timestamptz not null,
    state varchar not null,
    order_id varchar,
    reason varchar not null,
    sent_at timestamptz
);

create table fills (
    venue varchar not null,
    symbol varchar not null,
    exec_id varchar not null,
    link varchar not null,
    side varchar not null,
    quantity decimal(38, 18) not null,
    price decimal(38, 18) not null,
    fee decimal(38, 18) not null,
    kind varchar not null,
    "at" timestamptz not null,
    primary key (venue, symbol, exec_id)
);

create table equity (
    "at" timestamptz not null,
    account varchar not null,
    equity decimal(38, 18) not null,
    wallet decimal(38, 18) not null,
    gross double not null,
    verdict varchar not null,
    reason varchar not null,
    primary key (account, "at")
);

create table decisions (
    account varchar not null,
    decision_time timestamptz not null,
    release varchar not null,
    verdict varchar not null,
    reason varchar not null,
    targets varchar not null,
    decided_at timestamptz not null,
    primary key (account, decision_time)
);

create table paper (
    account varchar primary key,
    state varchar not null
);
