"""The model registry in MLflow: runs, versions, the champion alias; and promotion of a version to a home.

alias.py            MLflow's alias `champion`, moved by a process of its own: a rollback cannot wait the seconds that
                    MLflow imports.
if_tried_head.py    Which version answers "if sales tries now" once a version is promoted: itself, or the one that
                    answers already.
mlflow_model.py     MLflow's description of a version, its MLmodel file: how MLflow loads it, what goes in and what
                    comes out.
mlflow_registry.py  The model registry in MLflow: runs, versions and the champion alias; text, JSON and pictures,
                    nothing to unpickle.
promotion.py        Promotion and rollback: a version starts to answer in a home, and the one before it answers again.

Other rooms use:

alias               FAILED, FOLLOWING, move_champion_alias
mlflow_model        SIGNATURE_FILE, mlflow_signature
mlflow_registry     CARD_FILE, GATES_FILE, ModelRegistry
promotion           AGREEMENT_FILE, ROLLED_BACK, promote, rollback_in_home, standing_promotions
"""
