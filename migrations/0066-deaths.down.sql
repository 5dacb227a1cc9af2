drop table ended_reach;
