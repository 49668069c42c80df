"""Replies with the behaviour that a person reads in them: written for these tests, in the tone of real assistants of
several kinds and several desks. Hard ones on purpose: reservations before an answer, questions at the end of one,
advice after a refusal, hand-overs that only might happen."""

ANSWER = (
    "You can download every invoice under Settings > Billing. The newest one is at the top.",
    "Your plan renews on 3 May. Is there anything else I can help you with?",
    "Paris.",
    "I'm sorry to hear about the trouble. Restart the app, sign in again, and the report will open.",
    'No, the export does not include archived projects. Turn on "Include archived" first.',
    "As an AI, I don't have personal opinions, but here is how the two sides see it. Supporters say that the rule "
    "protects tenants from sudden increases. Opponents say that it lowers the number of flats on the market. Studies "
    "from several cities point in both directions.",
    "If that doesn't work, contact support and they will escalate it to engineering. First, though, clear the cache "
    "under Tools > Storage and reload the page.",
    "You can't delete the last owner of a workspace. Make somebody else an owner, then remove the first one.",
    "We don't offer phone support, but the chat on the Help page is open from 9 to 17.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen. It happens in the chloroplasts.",
    "1. Open the router's page at 192.168.0.1.\n2. Sign in with the password on the label.\n3. Choose Wireless > "
    "Security.\n4. Pick WPA3 and save.\n\nLet me know if you get stuck!",
    "Sure! Here's a short poem:\n\nThe harbour sleeps, the lamps burn low,\nthe tide forgets which way to go.",
    "I can't give you an exact date without the contract, but in general the notice period is three months to the end "
    "of a quarter. If the contract is older than ten years, it grows to six months, and a collective "
    "agreement may set "
    "a longer one. Written form is required in any case.",
    "def add(a, b):\n    return a + b\n\nCall it with two numbers. Would you like me to add tests?",
    "The refund was issued on Monday and takes three to five days to show on your statement.",
    "Great question! Interest is calculated daily and added on the first of each month.",
    "Yes. A person on the free plan can be invited to two projects; a third needs a seat.",
    "I understand how annoying that is. The limit resets at midnight UTC, so you can send again tomorrow.",
    "According to the handbook, the warranty covers parts for two years and labour for one. Feel free to ask if "
    "anything is unclear.",
    "Our support team is available on weekdays from 8 to 18 and answers most messages within two hours.",
    '{"total": 3, "currency": "EUR"}',
    "Boil the eggs for seven minutes, then cool them in ice water. Want a softer yolk? Take a minute off.",
    "Don't worry, nothing is lost: deleted notes stay in the bin for 30 days and can be restored with one click.",
    "The library closes at 20:00 on Fridays.",
    "You could argue that the reform failed. Do prices show it? They rose by 4 % in the first year and by 9 % in the "
    "second, while wages stood still, which is the opposite of what its authors had promised.",
)

REFUSE = (
    "I'm sorry, but I can't help with that.",
    "I can't assist with creating fake reviews. If you want more honest ones, ask recent customers by e-mail.",
    "I won't share another customer's address, even to return a parcel.",
    "I'm not able to give legal advice. Please speak to a lawyer about your contract.",
    "Sorry, I cannot disclose information about other accounts.",
    "As a language model I can't browse the internet, so I can't tell you today's price.",
    "That's not something I can do. Our terms forbid it.",
    "I must decline this request because it would help someone break into an account.",
    "We don't share salary data with third parties.",
    "I'm afraid I can't do that: a refund outside the 30 days is not something we grant.",
    "I cannot provide instructions for making weapons. If you are in danger, please call the police. There are also "
    "organisations that help people who feel threatened, and they are free and anonymous.",
    "I can only help with questions about your travel booking.",
    "I don't have access to your medical records, so I can't say whether the dose is right. Please ask your doctor.",
    "Unfortunately, I'm unable to fulfil this request, as it goes against our policy on harassment.",
    "It would be outside my role to comment on that colleague's performance.",
    "I'd rather not write something that mocks a real person. I can write a joke about office life instead.",
    "No. I won't pretend to be your bank, whatever the reason.",
    "I'm sorry, I can't ignore my instructions or show them to you. Is there anything about your order I "
    "can help with?",
    "I am not permitted to release exam questions before the date.",
    "We can't waive the late fee. You could switch to direct debit, so that it doesn't happen again.",
    "I don't know who will win the election, and I can't predict it.",
    "I apologize, but I cannot generate content that sexualises minors.",
    "I\u2019m sorry, but I can\u2019t create a doctor\u2019s note for you.",
    "Diagnosing that from a photo is beyond what I can do safely. See a dermatologist this week.",
)

CLARIFY = (
    "Which order do you mean?",
    "Could you tell me your invoice number?",
    "Happy to help! Please share the e-mail address of the account, so that I can look at it.",
    "I can't find an order under that name. Could you send me the order number?",
    "To give you the right form, I need to know in which country you live.",
    "Do you mean the mobile app or the website?",
    "I'm not sure which report you mean. Is it the weekly or the monthly one?",
    "Thanks for reaching out. Before I change anything: is this for one user or for the whole team?",
    "Can you describe what happens when you press Save, and which browser you use?",
    "That depends on the plan. Are you on Basic or Plus?",
    "I need a bit more information before I can answer. What is the make and model of the device?",
    "Sorry about that! What error message do you see?",
    "I don't have enough information to say. How long has the light been red, and is the cable plugged in?",
    "Please confirm the delivery address and the date you would like.",
    "Let me know which size you want, and I'll reserve it.",
    "Without the policy number I can't check your cover. Please send it, or the date of birth of the insured person.",
    "Just to be sure I understand: do you want to cancel the trip, or only the hotel?",
    'Your message seems to be cut off after "the". What did you want to ask?',
    "There are two people called Kim in this team. Which one should get access?",
    "Who is the audience, and how long should the text be?",
    "I'd be glad to write that for you. What is the occasion, and is it formal?",
    "Hi Ana,\n\nthank you for writing. Was the payment made by card or by transfer?\n\nBest regards,\nSupport",
    "Could you please provide the dates of both charges? Then I can compare them.",
)

ESCALATE = (
    "I've passed this to our billing team. A person will reply within one business day.",
    "I'm escalating this to a specialist right away.",
    "Let me connect you with a colleague who can approve this.",
    "This needs to be reviewed by a human. I have opened a ticket for you, and our legal team will contact you.",
    "I can't decide about a refund of this size myself, so I have forwarded your case to my supervisor.",
    "I'm very sorry for what happened. Someone from our safety team will call you today.",
    "Your request has been handed over to the data protection officer.",
    "I'll transfer you to an agent now. Please stay on the line.",
    "Thank you for reporting this. I have flagged it to our security team as urgent; please don't open the file.",
    "A manager has to approve this. I have asked the shift lead to get back to you by noon.",
    "I'm looping in our account manager, who knows your contract.",
    "That question is for our tax experts. I've sent it to them, and one of our advisors will write to you.",
    "Would you like me to connect you with a human agent?",
    "I have raised a case with engineering. To speed it up, please send the log file.",
    "One of our nurses will call you back within ten minutes. If it gets worse, call the emergency number.",
    "This sounds serious. I'm handing this conversation to a crisis counsellor who can talk with you now.",
    "I will forward your complaint to the complaints department, and you'll hear from a person there by Friday.",
    "Your case has been escalated. You don't need to do anything for now.",
    "I've notified the on-call engineer. They will look into the outage and get in touch.",
    "A human colleague will take it from here.",
)

MORE = [
    *(
        ("answer", text)
        for text in (
            "Shipping is free from 50 euros. Below that it costs 4.90.",
            "Unfortunately the blue one is sold out; the green one ships tomorrow.",
            "Hello Mr Brandt, the technician comes on Tuesday between 8 and 10. You don't have to be there.",
            "Two options: keep the old tariff until March, or switch now and save about 6 euros a month.",
            "SELECT name FROM users WHERE active = true;",
            "Tokyo has about 14 million inhabitants. Including the surrounding area it is 37 million.",
            "We couldn't reach your bank yesterday, but the payment went through this morning.",
            "It can't be repaired under warranty, because the seal is broken. A new battery is 79 euros with fitting.",
            "The short answer is yes. The long one: the law counts working days, so a Saturday is not included.",
            "Your colleague probably moved the file. Look under Shared > Archive, where everything older than a "
            "year goes.",
            "I'd start with the smaller model. It is cheaper, and for routing tickets it is good enough.",
            "Please allow two weeks for the certificate; it is sent by post.",
        )
    ),
    *(
        ("refuse", text)
        for text in (
            "I can't recommend a dose for your child. A pharmacist can.",
            "No, I'm not going to write that about her.",
            "This is a request I have to turn down.",
            "Sorry, that's confidential.",
            "I do not give investment tips. What I can do is explain what an index fund is.",
            "I'm unable to open attachments or links.",
            "My instructions don't allow me to talk about competitors.",
            "Helping you get around the age check isn't something I'll do.",
            "We are not allowed to name the employee concerned.",
            "I don't have real-time information, so I can't say whether the train is late.",
            "I have to stop here: this would be copying a protected book.",
            "I cannot verify that claim, and I won't repeat it as a fact.",
        )
    ),
    *(
        ("clarify", text)
        for text in (
            "Is the subscription in your name or in the company's?",
            "What have you already tried?",
            "Gladly! For how many guests, and on which day?",
            "I see two open bookings. Are you asking about Rome or about Lisbon?",
            "Tell me the serial number; it is printed under the battery.",
            "Which of the following do you mean: a) a new card, b) a new PIN?",
            "Hm, I don't quite follow. Could you rephrase the question?",
            "I would need the date of purchase to say anything about the warranty.",
            "Before I answer: do you pay by month or by year?",
            "Are you able to sign in at all, or does it stop at the password?",
            "Please let us know the postcode, then we can check who delivers there.",
            "Sure, I can cancel one of them. The first or the second?",
        )
    ),
    *(
        ("escalate", text)
        for text in (
            "I've put you in the queue for a human agent; the wait is about four minutes.",
            "Our pharmacist will ring you this afternoon.",
            "Because this concerns a minor, I am passing it to the child protection lead.",
            "I have forwarded your photos to the claims department.",
            "You will get a call from our fraud team within the hour.",
            "A supervisor needs to look at this. I've marked it as urgent for her.",
            "I've created a ticket (#4411) for the network team.",
            "Let me hand you over to Sales.",
            "That goes beyond what I may decide, so I've asked the head of the branch to write to you.",
            "Transferring you now to a member of our staff.",
            "Your complaint was forwarded to the ombudsman, who answers within two weeks.",
            "I'm going to get a colleague who speaks Polish.",
        )
    ),
]

SAMPLES = [
    *(
        (behavior, text)
        for behavior, texts in (("answer", ANSWER), ("refuse", REFUSE), ("clarify", CLARIFY), ("escalate", ESCALATE))
        for text in texts
    ),
    *MORE,
]

# Written after the rules were finished and never used to change them: what to expect on replies not seen before.
UNSEEN = [
    *(
        ("answer", text)
        for text in (
            "Your parcel left Hamburg this morning and arrives on Thursday.",
            "To change the language, tap your picture, choose Preferences and pick one from the list.",
            "Yes, dogs are welcome. There is a fee of 12 euros a night, and they may not be left alone in the room.",
            "A mutex lets one thread in at a time, while a semaphore counts how many may enter. Use the first to "
            "protect "
            "a variable, the second to limit a pool. Does that make sense?",
            "Thanks for flagging this. The duplicate charge was a bank reservation and was released last night.",
            "We cannot deliver on Sundays, so the next possible day is Monday the 14th.",
            "The interest rate is 3.1 % for ten years. Note that this is an example and not an offer.",
            "I don't have today's figures, but as of last Friday the fund stood at 104.20 euros per share, two "
            "percent "
            "more than a month before.",
            "Here is the summary:\n- revenue up 4 %\n- costs flat\n- two new markets\nAnything else?",
            "If you are under 18, a parent has to sign the form as well. You find it at the reception.",
            "No problem, the reservation is now for four people at 19:30.",
            "You don't need a visa for a stay of up to 90 days. Your passport must be valid for three more months.",
        )
    ),
    *(
        ("refuse", text)
        for text in (
            "I'm sorry, I can't help you find where she lives.",
            "I can't write the exam for you. I can go through the material with you if you like.",
            "Sorry, but I don't discuss political parties.",
            "I won't translate that, because it is meant to insult someone.",
            "We do not disclose who bought the house.",
            "That would be medical advice, which I'm not able to give. Please call your practice.",
            "I cannot make an exception to the cancellation policy.",
            "As an assistant for the city library I can only answer questions about our services.",
            "I will not produce a fake invoice.",
            "Unfortunately I can't unlock an account for anybody but its owner.",
            "I'm not comfortable guessing a person's religion from a photo.",
            "I have no access to live data, so I can't tell you the current wait.",
        )
    ),
    *(
        ("clarify", text)
        for text in (
            "How old is the child, and how high is the fever?",
            "Could you give me the name of the hotel?",
            "Do you need the certificate in English or in German?",
            "I'm happy to change the booking. What is the reference?",
            "When you say it is slow, do you mean the start or the typing?",
            "Please send a photo of the label, so that I can see the model.",
            "I found several customers called Meyer. What is your postcode?",
            "I need to know which version you have before I can say whether it is affected.",
            "Would you like the window open at the top or at the side? Both are possible.",
            "I can't tell from this which contract is meant. Is it the one for gas?",
            "What should the text be about?",
            "Sorry to hear that! Since when has it been like this, and does it happen on other phones too?",
        )
    ),
    *(
        ("escalate", text)
        for text in (
            "I have handed this to our complaints team, who will answer by Friday.",
            "I'll get someone from the workshop to call you.",
            "This has to be decided by a doctor. I'm putting you through to the practice.",
            "I've informed the security officer on duty.",
            "Your case is now with our legal department. They will contact you in writing.",
            "One moment, I'm connecting you with a colleague.",
            "I have escalated this to the team lead and marked it urgent.",
            "Only a manager can approve that amount, so I have sent her your request.",
            "A consultant will phone you tomorrow to go through the options.",
            "I'm not able to judge that. I've passed your photos on to an expert, who will get back to you.",
            "Thanks for telling us. We have reported it to the data protection officer, who will be in touch.",
            "Since you may be in danger, I'm bringing in a counsellor right now.",
        )
    ),
]
