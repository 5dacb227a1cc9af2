drop table account_session;
