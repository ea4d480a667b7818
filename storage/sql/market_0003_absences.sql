-- What a venue was asked for and did not have, so that repairing never asks again for ever.
-- timeframe 'funding': the settlements of the span were asked for, and all that came are stored.
create table absences (
    venue varchar not null,
    symbol varchar not null,
    timeframe varchar not null,
    starts timestamptz not null,
    ends timestamptz not null,
    asked_at timestamptz not null,
    primary key (venue, symbol, timeframe, starts)
);
