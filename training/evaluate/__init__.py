"""What a model shows on rows that it has not seen: figures, segments, baselines, backtest, importance."""
