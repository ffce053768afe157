"""The decision on each lead as it is kept: rules in a fixed order, queues, the bar, the backlog, lists, replay."""
