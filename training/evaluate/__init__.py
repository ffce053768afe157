"""The evaluation of a model on unseen rows: metrics, segments, baseline models, backtest, importance."""
