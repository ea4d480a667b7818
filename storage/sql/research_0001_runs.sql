create table runs (
    id varchar primary key,
    kind varchar not null,
    started timestamptz not null,
    finished timestamptz not null,
    config_json varchar not null,
    result_json varchar not null,
    data_hash varchar not null,
    code_version varchar not null
);

create table trials (
    run_id varchar not null,
    study varchar not null,
    number bigint not null,
    params_json varchar not null,
    value double not null,
    primary key (run_id, study, number)
);
