"""Pure statistics: plain values in, frozen results out, ``None`` for "no data".

``rates`` and ``quantiles`` describe one run, ``paired`` and ``bootstrap`` compare two runs over the same cases,
``power`` says what a comparison could have shown, ``multiplicity`` corrects a page of p-values, ``agreement`` and
``preference`` are about people, ``words`` says results in plain sentences. numpy, scipy, pandas and evalica are
imported inside functions, so that a process which only shows stored results stays small.
"""
