"""The second question: what comes of a lead if sales tries it now, learned from the moments just before first tries.

card.py             The second question's own card and gates, as texts below a version's files.
likeness.py         Likeness: which leads are like those that sales tried, by trees that tell first tries from all
                    other looks.
looks.py            Decision looks: leads just before their first try, with what was known by then and what came of
                    it.
of_home.py          The second question asked of a home: its first tries, its open leads, and how its champion
                    answers.
second_question.py  The second question, "if sales tries now": whether it is answered, how, by which gates, and what
                    was seen.
shift.py            The shift: how much more often leads convert once sales tries them than the model of things as
                    they are says.

Other rooms use:

card                second_texts
looks               open_leads_now
of_home             second_question_of
second_question     FirstQuestion, SecondQuestion
"""
