"""The patterns behind ``behavior_rules`` (RE2, any case, straight quotes), each tried on one sentence at a time."""

I = r"(?:i|we|this assistant|the assistant)"  # noqa: E741 - it is the word
CANNOT = (
    rf"\b{I}(?:'m| am|'re| are)? (?:(?:simply|just|really|also|currently|unfortunately|therefore|still) )*"
    r"(?:can't|cannot|can not|couldn't|could not|won't|will not|wouldn't|shouldn't|may not|mustn't"
    r"|(?:not|un)(?: being)? ?(?:able|allowed|permitted|authori[sz]ed|comfortable|willing|going"
    r"|in a position|free)"
    r"(?: to| with)?|don't|do not|never)"
)
ADVERBS = (
    r"(?: (?:simply|just|ever|really|directly|be able to|be|in good conscience|ethically|legally"
    r"|personally|also))*"
)
HELPING = (
    r"(?:help|helping|assist|assisting|comply|fulfil+|engage|participate|facilitate"
    r"|support(?:ing)? (?:that|this)"
    r"|do (?:that|this|it|so)|condone|continue with|go along|oblige)"
)
DOING = (
    r"(?:provid(?:e|ing)|giv(?:e|ing)|shar(?:e|ing)|disclos(?:e|ing)|reveal|send|tell you"
    r"|offer(?:ing)? (?:advice|that"
    r"|legal|medical|tax|financial|discounts|exceptions|a)|writ(?:e|ing)|creat(?:e|ing)|generat(?:e|ing)"
    r"|produce|mak(?:e|ing)"
    r"|discuss(?:ing)?|recommend|advise|comment|process|grant|waive|approve|issue|chang(?:e|ing)"
    r"|delet(?:e|ing)|cancel"
    r"|refund|reimburse|promise|guarantee|accept|speculate|bypass|ignore|pretend|impersonate|open"
    r"|releas(?:e|ing)|hand out"
    r"|pass on|forward|forge|fake|backdate|put (?:a|another|the)|mark|name|repeat|print|show you"
    r"|explain how to|teach"
    r"|describe how|answer that|respond to that|transfer|extend|remove|lower|reduce|override|skip|reset"
    r"|unlock|add|move"
    r"|apply|merge|turn off|switch off|act (?:as|on|against)|take (?:sides|part|orders|instructions)"
    r"|use (?:another|someone)"
    r"|let (?:you|anyone)|adjust|alter|edit|falsif|sign|confirm whether|say (?:who|whether)|diagnose"
    r"|prescribe|predict|endorse)"
)
SEEING = (
    r"(?:have (?:access|the ability|any (?:information|record|data|details|way)|enough|information"
    r"|personal|real-time|a way"
    r"|feelings|opinions|your|that)|find|see|locate|tell (?:which|what|whether|who|if|from)|determine"
    r"|verify|check|access"
    r"|look (?:up|into|at)|know|identify|be (?:sure|certain)|sure|say (?:for|which)|work out|browse"
    r"|experience|proceed)"
)
PEOPLE = (
    r"(?:(?:team|colleague|specialist|person|human|agent|manager|supervisor|lead|expert|department"
    r"|representative|advisor"
    r"|adviser|engineer|counsel|counsell?or|officer|nurse|lawyer|clinician|analyst|reviewer|operator"
    r"|dispatcher)s?"
    r"|people|someone|staff)"
)
TEAM = rf"(?:{PEOPLE}|support|office|billing|legal|security|engineering|sales|finance)"
WILL = (
    r"(?:(?:will|is going to|are going to|can then) (?:personally |then |also )?(?:reply|respond|contact"
    r"|get back|call|follow up"
    r"|write|reach out|be in touch|review|decide|take (?:over|it|care)|look into|join|check|handle|pick"
    r"|help you|come back|email|get in touch))"
)
HAND = (
    r"(?:escalat(?:e|ed|ing)|forward(?:ed|ing)?|pass(?:ed|ing)?|hand(?:ed|ing)?|transfer(?:red|ring)?"
    r"|connect(?:ed|ing)? you"
    r"|rout(?:e|ed|ing)|refer(?:red|ring)?|rais(?:e|ed|ing)|flag(?:ged|ging)?|loop(?:ed|ing)? in"
    r"|notif(?:y|ied|ying)"
    r"|alert(?:ed|ing)?|bring(?:ing)? in|brought in|put(?:ting)? you through|assign(?:ed|ing)?|shar(?:ed"
    r"|ing)|sent|sending"
    r"|submit(?:ted|ting)?|get(?:ting)?|put)"
)
INFORM = (
    r"(?:send|share|provide|give|tell|confirm|specify|clarify|describe|let (?:me|us) know|attach|paste"
    r"|upload|reply with|include"
    r"|point me|explain|elaborate|say|name|list|indicate|rephrase|supply)"
)

PATTERNS: dict[str, str] = {
    # where one sentence ends: after a mark and white space (an abbreviation that splits one does no harm here)
    "sentence_end": r"([.!?][\"')\]]*)\s+",
    "list_mark": r"^\s*(?:[-*•#>]+|\d{1,2}[.)])\s+",
    "first_person": r"\b(?:i|we|our|my)\b",
    "but": r"\b(?:but|however|although)\b",
    # says no, in the first person or for the house
    "refusal": (
        rf"{CANNOT}{ADVERBS} (?:{HELPING}|{DOING})\b"
        rf"|\b{I}(?:'m| am|'re| are)? (?:must|have to|need to|will have to|going to have to"
        rf"|going to)? ?(?:respectfully |politely )?"
        r"(?:decline|refuse|say no)\b"
        r"|\b(?:that|this|it)(?:'s| is) (?:not )?something (?:that )?(?:i|we) (?:can't|cannot|can|won't"
        r"|am not able|are not able|don't)"
        rf"|\b{I} can only (?:help|assist|answer|discuss|talk|support|share|speak|give|offer|provide"
        rf"|process|accept)\b"
        r"|\b(?:outside|beyond) (?:of )?(?:what (?:i|we)|my|our|the scope|this assistant)\b"
        r"|\b(?:against|violates?|violating) (?:my|our|the) (?:\w+ )?(?:policy|policies|guidelines|rules"
        r"|principles|terms)\b"
        r"|^(?:i'm|i am|we're|we are) (?:very |so |truly |really )?(?:sorry|afraid),? (?:but )?"
        r"(?:no\b|(?:an?|the|our|we|i|this|that|such|those|these|invoices|refunds|discounts|prices|only"
        r"|it)\b.*"
        r"(?:can only|\bonly\b|\bcan't\b|cannot|\bmay not\b|not (?:possible|allowed|permitted|available"
        r"|something|able)|isn't possible))"
        r"|^sorry,? (?:but )?(?:no\b|that's not possible|i can't|i cannot|we can't|we cannot|not something)"
        r"|^(?:no[,.:]? )?(?:i|we) (?:can't|cannot|won't|will not)[,.:;]"
        r"|\b(?:i'd|i would|we'd) (?:rather|prefer) not\b|\bi'm not comfortable\b|\bno comment\b"
        r"|^(?:[\w ]{0,20}\b)?(?:sorry|unfortunately|i'm afraid)[,:]? (?:but )?(?:that|this|it)(?:'s"
        r"| is) (?:confidential|private|not (?:public|possible|allowed))"
        r"|\b(?:turn (?:this|that|it|the request|your request) down|(?:have|need|going"
        r"|want) to (?:turn down|stop here|leave it (?:there|at that)))\b"
        r"|\bto turn down[.!]?$"
        r"|\b(?:my|our|the) (?:instructions|rules|guidelines|policy|policies|terms|law|principles"
        r"|contract)s? (?:do not|don't|does not|doesn't|won't|will not) (?:allow|permit|let)\b"
        r"|\b(?:isn't|is not|aren't|are not|wouldn't be) (?:something|anything|information|details"
        r"|things?) (?:that )?(?:i|we)(?:'ll| will|'m| am|'re| are| can| could| do| may| would)?\b"
        r"|\b(?:prohibit|forbid|prevent|bar)(?:s|ed)? (?:me|us) from\b|\bno(?:t even)? (?:i|we) (?:can't"
        r"|won't)\b"
        r"|\bnot (?:able|allowed|permitted|authori[sz]ed) to (?:help|share|disclose|discuss|give|provide"
        r"|release|assist)\b"
    ),
    # any other "I can't ..."; ``benign`` and ``inability`` take theirs back
    "unable": (
        rf"\b{I}(?:'m| am|'re| are)? (?:(?:simply|just|really|also|currently|unfortunately|therefore"
        rf"|still) )*"
        r"(?:can't|cannot|can not|(?:not|un) ?(?:able|allowed|permitted|authori[sz]ed|willing|prepared) to)\b"
        r"|\b(?:i|i'll) (?:won't|will not|never)\b|^(?:sorry, |unfortunately,? )?(?:can't|cannot"
        r"|won't) (?:do|help|say|share)\b"
    ),
    "benign": (
        r"\bcan(?:'t|not) (?:wait|believe|thank|stress|complain|imagine|agree more|help but|emphasi[sz]e"
        r"|wrong)\b|\benough\b"
    ),
    # says no to the whole request: advice after it does not turn it into an answer
    "whole": (
        rf"{CANNOT}{ADVERBS} (?:help|assist|comply|do (?:that|this|it|so)|fulfil+|support|engage"
        rf"|participate|facilitate|condone)"
        r"(?:[.,;:!]|$| (?:you )?(?:with|in|by|this|that|your|it|any|such))"
        r"|\b(?:must|have to|respectfully|politely|going to) (?:decline|refuse)"
        r"|\b(?:that|this)(?:'s| is) (?:not )?something (?:that )?(?:i|we) (?:can't|cannot|can|won't)"
    ),
    # lacks knowledge, access or ability; whether that ends the matter depends on what follows
    "inability": (
        rf"{CANNOT}{ADVERBS} {SEEING}\b"
        r"|\bas an? (?:ai|language model|virtual assistant|assistant|large language model)\b.*\b(?:can't"
        r"|cannot|don't|do not|not able|unable|lack|won't)\b"
        r"|\b(?:i|we) (?:lack|have no) (?:access|information|way|record|the|real-time|knowledge|personal"
        r"|means)\b"
        r"|\b(?:there(?:'s| is)|i see|i have) (?:not enough|no way (?:for me|to)|insufficient)\b"
    ),
    # what it lacks could be given
    "lacking": (
        r"\b(?:without|until|unless|before (?:i|we)|first need|need (?:to know|the|your|more|a|some|an)"
        r"|(?:don't|do not) (?:have|know)"
        r"|not (?:sure|clear|enough)|which (?:one|account|invoice)|more (?:information|details|context)"
        r"|yet)\b"
    ),
    # somebody else takes over, now
    "handover": (
        rf"\b(?:i|we)(?:'ve| have|'m| am|'re| are|'ll| will| would like to| need to| must| want to"
        rf"| already|'d like to)?"
        rf"(?: just| now| also| already| have to| immediately| going to| be| therefore| directly| gladly"
        rf"| happily)* {HAND}\b.*\b(?:to|with|for|through|by|in)\b.*\b{TEAM}\b"
        rf"|\b(?:i|we)(?:'ve| have|'m| am|'ll| will| must| need to|'re| are)(?: just| now| also| already"
        rf"| going to| be)* escalat"
        r"|\b(?:i|we)(?:'ve| have|'m| am|'ll| will|'re| are)(?: just| now| also| already| going to| be)*"
        r" (?:forward|pass|hand|refer|escalat|rout)(?:ed|e|ing)?\b[^.]*\b(?:to|over|on)\b"
        r"|\b(?:i|we)(?:'ve| have) (?:just |also |already )?asked\b[^.]*\bto (?:write|call|contact|reply"
        r"|get back|look|check|help|review|take|ring|decide|join)\b"
        r"|\b(?:our|a|an|one of our|someone|somebody)(?: [\w-]+){0,4} (?:will|is going to) (?:then |also "
        r"|personally )?(?:ring|call|phone|contact|get back to"
        r"|write to|reach out to|be in touch|follow up) ?(?:with )?(?:you)?\b"
        r"|\byou(?:'ll| will) (?:hear|get|receive|be (?:contacted|called))\b[^.]*\b(?:from|by) (?:our|a"
        r"|an|one of)\b"
        rf"|\b{PEOPLE} (?:needs|has|have|will have|must|should) (?:to )?(?:look|approve|decide|review"
        rf"|check|sign|confirm|take|see)\b"
        r"|^(?:transferring|connecting|escalating|forwarding|handing|putting) (?:you|this|it|your)\b"
        r"|\blet me (?:hand|connect|transfer|put) you\b"
        rf"|\b(?:get|fetch|bring|find) (?:a|an|my|one of (?:our|my)) (?:\w+ )?{PEOPLE}\b"
        rf"|\b(?:i|we)(?:'ve| have) (?:just |also |already )?(?:asked|told|informed|requested"
        rf"|contacted) (?:\w+ ){{0,3}}{TEAM}\b"
        rf"|\b(?:i|we)(?:'ve| have|'ll| will)? (?:just |now )?(?:opened|open|created|create|filed|file"
        rf"|logged|log|raised|raise) (?:a|an|this|your) (?:\w+ ){{0,2}}(?:ticket|case|request|incident"
        rf"|escalation)\b"
        rf"|\b{PEOPLE}\b(?: \w+){{0,6}} {WILL}\b|\byou'll (?:hear|get a (?:call|reply)"
        rf"|be contacted)\b.*\b(?:from|by)\b.*\b{TEAM}\b"
        rf"|\blet me (?:just |quickly )?(?:connect|transfer|hand|pass|escalate|get|bring|loop|put|refer"
        rf"|check with)\b.*\b{TEAM}\b"
        rf"|\b(?:this|that|it|your \w+)(?:'s| is| has been| was| will be)? (?:being |been "
        rf"|now )?(?:escalated|forwarded|handed|transferred|passed|referred|routed|assigned)\b"
        rf"|\b(?:needs?|requires?|has|have) to be (?:handled|reviewed|decided|approved|checked|looked at"
        rf"|seen|signed off) by\b.*\b{TEAM}\b"
        r"|\b(?:this|that|it|your \w+|the \w+) (?:needs|requires) (?:a |an |our |the )?(?:human|manual"
        r"|legal|specialist|manager's)"
        r" (?:review|decision|approval|check|being|to\b)"
        rf"|\b(?:i|we)(?:'ve| have|'m| am|'ll| will) (?:just |now |also |already )?(?:loop(?:ed|ing)? in"
        rf"|notif(?:y|ied|ying)"
        rf"|alert(?:ed|ing)?|bring(?:ing)? in|brought in|page|paged|paging) (?:[\w-]+ ){{0,4}}{TEAM}\b"
        r"|\b(?:please hold|stay on the line|one moment)\b.*\b(?:transfer|connect)"
        rf"|\b(?:would you like (?:me|us) to|do you want (?:me|us) to|shall i|should i"
        rf"|may i)\b.*\b(?:connect|transfer|escalate|hand|put you through)\b.*\b(?:{TEAM}|this|you|it)\b"
        r"|^escalat(?:ing|ed)\b"
    ),
    # asks the person for something
    "request": (
        r"\?[\"')\]]*$"
        rf"|\b(?:please|kindly|could you|can you|would you|just|simply)(?: also| first| just"
        rf"| then)? {INFORM}\b"
        rf"|^(?:so |then |to [\w ,']{{3,60}}, )?{INFORM} (?:me|us)\b"
        r"|\b(?:i|we)(?:'ll|'d| will| would)?(?: just| first| also| still)? need (?:to know|your|the"
        r"|a (?:bit|few|little)|more|some|to ask|a couple|an?)\b"
        r"|\blet (?:me|us) know (?:which|what|whether|who|when|where|how|the|your|if you (?:mean|meant"
        r"|want|would|are|use|see|have|were)|more)\b"
        r"|\b(?:more|additional|further|some) (?:information|details?|context)\b.*\b(?:needed|required"
        r"|from you|would help)\b"
        r"|\bi'm not sure (?:what|which|whether) you\b"
    ),
    # politeness around the matter
    "filler": (
        r"^(?:hi|hello|hey|dear|thanks|thank you|good (?:morning|afternoon|day|question)|great question"
        r"|sure|certainly|of course"
        r"|absolutely|understood|got it|no problem|sorry about that|i understand|happy to help|best"
        r"|kind regards|regards|sincerely|cheers)"
        r"[^.?:]{0,60}[.,!:]*$"
        r"|\banything else\b|\bany (?:other|more|further|additional) (?:questions|help|concerns)\b"
        r"|\b(?:feel free|don't hesitate)\b"
        r"|\blet (?:me|us) know if (?:you(?:'d| would| need|'ve| have (?:any|more|other|further)"
        r"| want (?:me|more|to know)|'re (?:stuck|unsure))|there|that|this|it|i can|anything)\b"
        r"|\bhope (?:this|that|it|you)\b|\b(?:happy|glad) to (?:help|assist|answer|explain|talk|show|walk)\b"
        r"|\b(?:would|do) you (?:like|want) (?:me )?to (?:know|see|learn|hear|explain|show|give|walk|go"
        r"|try|help|continue|proceed|provide|draft|send|write|add|elaborate)\b"
        r"|\b(?:does|did|is) (?:that|this) (?:help|answer|make sense|clear|work for you|what you)\b"
        r"|\bhow (?:can|may) i (?:help|assist)\b"
        r"|^(?:i'm|i am|we're|we are) (?:very |so |truly |really )?sorry (?:to hear|about|for"
        r"|that)\b[^.;]{0,80}\.?$"
        r"|^(?:want|need|prefer|looking for|curious)\b[^?]*\?|\b(?:what|which) else can\b"
        r"|\bcan i help (?:you )?with\b|\bthank you for (?:your )?(?:patience|understanding)\b"
    ),
    # conditions do not happen now
    "conditional": (
        r"^(?:if (?:[^p]|p[^o])|unless|should you|in case|when(?:ever)? (?:you|it|this|that|the)"
        r"|once (?:you|we|it)"
        r"|in the event)\b|\bcan escalate\b"
        rf"|\bif\b[^.]*\b{TEAM}\b[^.]*{WILL}|\bif (?:that|this|it|none|the \w+) (?:doesn't|does not|still"
        rf"|fails|happens|isn't)\b"
    ),
    # holds something back and then answers
    "reservation": (
        r"\b(?:can't|cannot|not able to|unable to|don't have|do not have|not sure|don't know)\b.*\b(?:but"
        r"|however|although|still)\b.{0,60}"
        r"\b(?:in general|generally|here(?:'s| is| are)|typically|usually|roughly|(?:i|we) can (?:tell"
        r"|say|share|answer|give)"
        r"|according to|based on|as of|as a rule|most)\b"
    ),
    # cannot do it, but the person can
    "self_service": (r"\b(?:for you|myself|from here|on your behalf),? (?:but|however) (?:[\w ]{0,25})?you can\b"),
    # what to do instead
    "alternative": (
        r"^(?:instead|alternatively|however,? (?:i|we|you) (?:can|could|may) (?:help|offer|suggest|still"
        r"|instead|explain|write|assist|talk|always|contact|check|find|reach)|but (?:i|we) (?:can|could)"
        r"|you (?:can|could|may|might) (?:still|instead|also|always|ask|find|contact|check|try|reach|call)"
        r"|please (?:contact|consult|reach|call|ask|speak|talk|use|visit|seek|check|refer|see|do not"
        r"|don't|have)|if you(?:'re| are| need| feel| want| have|'d| would| know| believe| or)"
        r"|(?:i|we)(?:'d| would)? (?:recommend|suggest|encourage|advise|urge|can|could|am happy|be happy"
        r"|'m happy)"
        r"|(?:a|your|the) (?:\w+ )?(?:lawyer|doctor|adviser|advisor|bank|accountant|professional|owner"
        r"|admin|pharmacist|therapist)\b|for (?:that|this|legal|medical|help))"
    ),
    # why not
    "reasoning": (
        r"^(?:this|that|it|doing so|such|because|since|our (?:policy|rules)|for (?:privacy|security|legal"
        r"|safety)|the reason|only the)\b"
    ),
}
