alter table trials add column family varchar;
alter table trials add column oos_sharpe double;
alter table trials add column oos_daily double[];
alter table trials add column data_hash varchar;
alter table trials add column code_version varchar;
alter table trials add column tried_at timestamptz;
