alter table listings add column max_quantity decimal(38, 18);
alter table listings add column delists_at bigint default 0;
