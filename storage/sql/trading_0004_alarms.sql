-- What is to be told is in the outbox, stored in the same commit.
alter table alarms drop column told;
