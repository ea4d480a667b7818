-- No primary key on the two big tables: an index triples their size and slows the import fivefold.
-- storage/bars.py and storage/funding.py keep the keys unique by merging.
create table bars (
    venue varchar not null,
    symbol varchar not null,
    timeframe varchar not null,
    open_time timestamptz not null,
    open double not null,
    high double not null,
    low double not null,
    close double not null,
    volume double not null,
    source varchar not null
);

create table funding (
    venue varchar not null,
    symbol varchar not null,
    settled_at timestamptz not null,
    rate double not null,
    source varchar not null
);

create table listings (
    venue varchar not null,
    symbol varchar not null,
    tick decimal(38, 18) not null,
    step decimal(38, 18) not null,
    min_quantity decimal(38, 18) not null,
    min_notional decimal(38, 18) not null,
    funding_minutes integer not null,
    active boolean not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    primary key (venue, symbol, first_seen)
);
