/* Refusals that officers and those who run the programme can meet. */
#include "ledger/event/refusal_words_internal.h"

/* Every text names its language, so a missing comma does not compile.
 * NOLINTBEGIN(bugprone-suspicious-missing-comma) */
const struct tn_refusal_words tn_refusal_words_staff[TN_REFUSAL_LIMIT] = {
    [TN_REFUSAL_port_day_not_over] = {{
        [TN_LANGUAGE_EN] = "The day at this port is not over yet, or no seats were published for "
                           "it. Close it after the day has ended there.",
        [TN_LANGUAGE_ES] = "El día en este puerto aún no ha terminado, o no tenía cupos "
                           "publicados. Ciérrelo cuando el día termine allí.",
        [TN_LANGUAGE_HT] = "Jounen an poko fini nan pò sa a, oswa yo pa t pibliye plas pou li. "
                           "Fèmen l lè jounen an fini la.",
        [TN_LANGUAGE_PT] = "O dia neste porto ainda não terminou, ou não tinha vagas publicadas. "
                           "Feche-o quando o dia acabar lá.",
        [TN_LANGUAGE_RU] = "День в этом пункте ещё не закончился, или мест на него не публиковали. "
                           "Закройте его по окончании дня.",
    }},
    [TN_REFUSAL_not_matched] = {{
        [TN_LANGUAGE_EN] = "No appointment with this number and date of birth can be used now at "
                           "this port on this date. Check all four, or have it validated.",
        [TN_LANGUAGE_ES] = "Ninguna cita con este número y fecha de nacimiento puede usarse ahora "
                           "en este puerto y fecha. Revise los cuatro datos o pida una validación.",
        [TN_LANGUAGE_HT] = "Pa gen randevou ak nimewo ak dat nesans sa yo ki ka sèvi kounye a nan "
                           "pò sa a ak dat sa a. Verifye tout kat, oswa mande yon validasyon.",
        [TN_LANGUAGE_PT] = "Nenhum agendamento com este número e data de nascimento pode ser "
                           "usado agora neste porto e data. Confira os quatro ou peça uma "
                           "validação.",
        [TN_LANGUAGE_RU] = "Записи с этим номером и датой рождения на этот день в этом пункте "
                           "сейчас нет. Проверьте данные или запросите проверку.",
    }},
    [TN_REFUSAL_officer_unknown] = {{
        [TN_LANGUAGE_EN] = "No officer with this identity is enrolled. Ask the operator to enrol "
                           "the officer first.",
        [TN_LANGUAGE_ES] = "No hay ningún oficial dado de alta con esta identidad. Pida al "
                           "operador que lo dé de alta primero.",
        [TN_LANGUAGE_HT] = "Pa gen okenn ajan ki anrejistre ak idantite sa a. Mande operatè a pou "
                           "l anrejistre ajan an anvan.",
        [TN_LANGUAGE_PT] = "Não há agente cadastrado com esta identidade. Peça ao operador que o "
                           "cadastre primeiro.",
        [TN_LANGUAGE_RU] = "Сотрудник с такими данными не зарегистрирован. Попросите оператора "
                           "сначала его добавить.",
    }},
    [TN_REFUSAL_officer_exists] = {{
        [TN_LANGUAGE_EN] = "This officer is already enrolled. Use the enrolment that exists.",
        [TN_LANGUAGE_ES] = "Este oficial ya está dado de alta. Use el alta que ya existe.",
        [TN_LANGUAGE_HT] = "Ajan sa a deja anrejistre. Sèvi ak anrejistreman ki deja la a.",
        [TN_LANGUAGE_PT] = "Este agente já está cadastrado. Use o cadastro existente.",
        [TN_LANGUAGE_RU] = "Этот сотрудник уже добавлен. Используйте имеющуюся учётную запись.",
    }},
    [TN_REFUSAL_officer_suspended] = {{
        [TN_LANGUAGE_EN] = "This officer's access is suspended. A supervisor must decide before it "
                           "can be used again.",
        [TN_LANGUAGE_ES] = "El acceso de este oficial está suspendido. Un supervisor debe decidir "
                           "antes de que pueda usarse de nuevo.",
        [TN_LANGUAGE_HT] =
            "Aksè ajan sa a sispann. Yon sipèvizè dwe deside anvan yo ka sèvi ak li ankò.",
        [TN_LANGUAGE_PT] = "O acesso deste agente está suspenso. Um supervisor precisa decidir "
                           "antes que possa ser usado de novo.",
        [TN_LANGUAGE_RU] =
            "Доступ этого сотрудника приостановлен. Сначала решение должен принять руководитель.",
    }},
    [TN_REFUSAL_approvers_missing] = {{
        [TN_LANGUAGE_EN] =
            "This needs two different people who may approve it. Name both and send it again.",
        [TN_LANGUAGE_ES] = "Esto necesita dos personas distintas con permiso para aprobarlo. "
                           "Indique ambas y envíe de nuevo.",
        [TN_LANGUAGE_HT] =
            "Sa bezwen de moun diferan ki gen dwa apwouve l. Endike toulède epi voye l ankò.",
        [TN_LANGUAGE_PT] = "Isto precisa de duas pessoas diferentes autorizadas a aprovar. Indique "
                           "as duas e envie de novo.",
        [TN_LANGUAGE_RU] =
            "Нужны два разных человека с правом утверждения. Укажите обоих и отправьте снова.",
    }},
    [TN_REFUSAL_policy_not_runnable] = {{
        [TN_LANGUAGE_EN] = "This policy can be read but not run: it asks for something this "
                           "program does not do. Change it and publish again.",
        [TN_LANGUAGE_ES] = "Esta política se puede leer pero no ejecutar: pide algo que este "
                           "programa no hace. Cámbiela y publíquela de nuevo.",
        [TN_LANGUAGE_HT] = "Yo ka li politik sa a men yo pa ka aplike l: li mande yon bagay "
                           "pwogram nan pa fè. Chanje l epi pibliye l ankò.",
        [TN_LANGUAGE_PT] = "Esta política pode ser lida, mas não aplicada: pede algo que este "
                           "programa não faz. Altere-a e publique de novo.",
        [TN_LANGUAGE_RU] = "Политику можно прочесть, но не исполнить: она требует того, чего "
                           "программа не умеет. Измените её.",
    }},
    [TN_REFUSAL_pool_too_large] = {{
        [TN_LANGUAGE_EN] = "With so many ports, slots, dates or seats a day might not fit an entry "
                           "of the log and could never be drawn. Publish fewer.",
        [TN_LANGUAGE_ES] = "Con tantos puertos, horarios, fechas o cupos un día podría no caber en "
                           "un asiento del registro y nunca sortearse. Publique menos.",
        [TN_LANGUAGE_HT] = "Ak tout pò, lè, dat oswa plas sa yo, yon jou ta ka pa antre nan yon "
                           "antre rejis la epi yo pa ta janm ka tire l. Pibliye mwens.",
        [TN_LANGUAGE_PT] = "Com tantos portos, horários, datas ou vagas um dia poderia não caber "
                           "numa entrada do registro e nunca ser sorteado. Publique menos.",
        [TN_LANGUAGE_RU] = "Слишком много пунктов, окон, дат или мест: день может не поместиться "
                           "в запись журнала. Уменьшите их.",
    }},
    [TN_REFUSAL_policy_not_later] = {{
        [TN_LANGUAGE_EN] = "A policy needs the next version number and must apply later than now "
                           "and than the ones before it. Correct it and publish again.",
        [TN_LANGUAGE_ES] = "La política necesita el número de versión siguiente y regir después de "
                           "ahora y de las anteriores. Corríjala y publíquela de nuevo.",
        [TN_LANGUAGE_HT] = "Politik la bezwen pwochen nimewo vèsyon an, epi li dwe kòmanse apre "
                           "kounye a ak apre sa ki te vini anvan yo. Korije l epi pibliye l ankò.",
        [TN_LANGUAGE_PT] = "A política precisa do próximo número de versão e de valer depois de "
                           "agora e das anteriores. Corrija e publique de novo.",
        [TN_LANGUAGE_RU] = "Нужны следующий номер версии и начало действия позже нынешнего времени "
                           "и прежних версий. Исправьте политику.",
    }},
    [TN_REFUSAL_policy_invalid] = {{
        [TN_LANGUAGE_EN] = "The policy document is not valid or does not fit what was stated with "
                           "it. Check it and publish again.",
        [TN_LANGUAGE_ES] = "El documento de la política no es válido o no coincide con lo "
                           "declarado. Revíselo y publíquelo de nuevo.",
        [TN_LANGUAGE_HT] = "Dokiman politik la pa valab oswa li pa koresponn ak sa yo deklare. "
                           "Verifye l epi pibliye l ankò.",
        [TN_LANGUAGE_PT] = "O documento da política não é válido ou não corresponde ao declarado. "
                           "Confira e publique de novo.",
        [TN_LANGUAGE_RU] = "Документ политики неверен или не совпадает с заявленным. Проверьте его "
                           "и опубликуйте снова.",
    }},
    [TN_REFUSAL_capacity_published] = {{
        [TN_LANGUAGE_EN] = "Seats for this date are already published. Move seats between slots, "
                           "or suspend the port.",
        [TN_LANGUAGE_ES] = "Los cupos de esta fecha ya están publicados. Puede reasignar cupos o "
                           "suspender el puerto.",
        [TN_LANGUAGE_HT] = "Plas pou dat sa a deja pibliye. Ou ka deplase plas oswa sispann pò a.",
        [TN_LANGUAGE_PT] = "As vagas desta data já estão publicadas. Você pode remanejar vagas ou "
                           "suspender o porto.",
        [TN_LANGUAGE_RU] = "Места на эту дату уже опубликованы. Можно перенести места или "
                           "приостановить пункт въезда.",
    }},
    [TN_REFUSAL_date_past] = {{
        [TN_LANGUAGE_EN] =
            "It is too late for this date: the draws already count on it. Choose a later date.",
        [TN_LANGUAGE_ES] =
            "Ya es tarde para esta fecha: los sorteos ya la incluyen. Elija una fecha posterior.",
        [TN_LANGUAGE_HT] =
            "Li twò ta pou dat sa a: tiraj yo deja pran l an kont. Chwazi yon dat ki pi lwen.",
        [TN_LANGUAGE_PT] =
            "É tarde demais para esta data: os sorteios já a incluem. Escolha uma data posterior.",
        [TN_LANGUAGE_RU] =
            "Для этой даты уже поздно: она вошла в жеребьёвки. Выберите более позднюю дату.",
    }},
    [TN_REFUSAL_port_suspended] = {{
        [TN_LANGUAGE_EN] =
            "This port is suspended. Choose another port, or wait until it is resumed.",
        [TN_LANGUAGE_ES] =
            "Este puerto está suspendido. Elija otro puerto o espere a que se reanude.",
        [TN_LANGUAGE_HT] = "Pò sa a sispann. Chwazi yon lòt pò, oswa tann jiskaske l rekòmanse.",
        [TN_LANGUAGE_PT] =
            "Este porto está suspenso. Escolha outro porto ou espere até que seja retomado.",
        [TN_LANGUAGE_RU] =
            "Этот пункт въезда приостановлен. Выберите другой или дождитесь возобновления.",
    }},
    [TN_REFUSAL_port_not_suspended] = {{
        [TN_LANGUAGE_EN] =
            "This port is not suspended, so there is nothing to resume. Check which port you mean.",
        [TN_LANGUAGE_ES] = "Este puerto no está suspendido; no hay nada que reanudar. Revise de "
                           "qué puerto se trata.",
        [TN_LANGUAGE_HT] =
            "Pò sa a pa sispann, kidonk pa gen anyen pou rekòmanse. Verifye ki pò ou vle di.",
        [TN_LANGUAGE_PT] =
            "Este porto não está suspenso; não há o que retomar. Confira de qual porto se trata.",
        [TN_LANGUAGE_RU] = "Этот пункт въезда не приостановлен, возобновлять нечего. Проверьте, "
                           "какой пункт нужен.",
    }},
    [TN_REFUSAL_seats_not_free] = {{
        [TN_LANGUAGE_EN] = "There are not enough free seats to move from there. Look at the free "
                           "seats of that slot and move fewer.",
        [TN_LANGUAGE_ES] = "No hay allí cupos libres suficientes para mover. Vea los cupos libres "
                           "de ese turno y mueva menos.",
        [TN_LANGUAGE_HT] =
            "Pa gen ase plas lib la pou deplase. Gade plas lib ki nan lè sa a epi deplase mwens.",
        [TN_LANGUAGE_PT] = "Não há ali vagas livres suficientes para mover. Veja as vagas livres "
                           "desse horário e mova menos.",
        [TN_LANGUAGE_RU] = "Там недостаточно свободных мест для переноса. Посмотрите, сколько их, "
                           "и перенесите меньше.",
    }},
    [TN_REFUSAL_seats_frozen] = {{
        [TN_LANGUAGE_EN] =
            "These seats are frozen for a draw that is not complete yet. Try again after the draw.",
        [TN_LANGUAGE_ES] = "Estos cupos están reservados para un sorteo aún sin terminar. "
                           "Inténtelo después del sorteo.",
        [TN_LANGUAGE_HT] = "Plas sa yo bloke pou yon tiraj ki poko fini. Eseye ankò apre tiraj la.",
        [TN_LANGUAGE_PT] = "Estas vagas estão reservadas para um sorteio ainda não concluído. "
                           "Tente de novo depois do sorteio.",
        [TN_LANGUAGE_RU] =
            "Эти места закреплены за незавершённой жеребьёвкой. Попробуйте после неё.",
    }},
    [TN_REFUSAL_secret_wrong] = {{
        [TN_LANGUAGE_EN] = "This secret does not belong to the chain announced for this day. "
                           "Reveal the value made for this day.",
        [TN_LANGUAGE_ES] = "Este secreto no pertenece a la cadena anunciada para este día. Revele "
                           "el valor que corresponde a este día.",
        [TN_LANGUAGE_HT] =
            "Sekrè sa a pa fè pati chèn yo te anonse pou jou sa a. Revele valè ki pou jou sa a.",
        [TN_LANGUAGE_PT] = "Este segredo não pertence à cadeia anunciada para este dia. Revele o "
                           "valor que corresponde a este dia.",
        [TN_LANGUAGE_RU] = "Этот секрет не из цепочки, объявленной для этого дня. Раскройте "
                           "значение для этого дня.",
    }},
    [TN_REFUSAL_no_draw_due] = {{
        [TN_LANGUAGE_EN] = "No draw is due for this day now. Reveal the secret when the day is "
                           "closed and its draw time has come.",
        [TN_LANGUAGE_ES] = "Ahora no toca ningún sorteo para este día. Revele el secreto cuando el "
                           "día esté cerrado y llegue la hora del sorteo.",
        [TN_LANGUAGE_HT] = "Pa gen tiraj pou fèt pou jou sa a kounye a. Revele sekrè a lè jounen "
                           "an fèmen epi lè tiraj la rive.",
        [TN_LANGUAGE_PT] = "Não há sorteio a fazer para este dia agora. Revele o segredo quando o "
                           "dia estiver fechado e chegar a hora do sorteio.",
        [TN_LANGUAGE_RU] = "Сейчас для этого дня жеребьёвки нет. Раскройте секрет, когда день "
                           "закрыт и настало её время.",
    }},
    [TN_REFUSAL_nothing_to_resume] = {{
        [TN_LANGUAGE_EN] =
            "There is no pause to end: nothing is waiting. No further step is needed.",
        [TN_LANGUAGE_ES] =
            "No hay ninguna pausa que terminar: nada está en espera. No hace falta hacer nada más.",
        [TN_LANGUAGE_HT] =
            "Pa gen okenn poz pou fini: pa gen anyen k ap tann. Ou pa bezwen fè anyen ankò.",
        [TN_LANGUAGE_PT] =
            "Não há pausa a encerrar: nada está em espera. Não é preciso fazer mais nada.",
        [TN_LANGUAGE_RU] =
            "Паузы нет, ничего не ждёт возобновления. Больше ничего делать не нужно.",
    }},
    [TN_REFUSAL_reveal_too_early] = {{
        [TN_LANGUAGE_EN] = "The requests of this day are not closed yet. Reveal after the close, "
                           "when the root of the requests is published.",
        [TN_LANGUAGE_ES] = "Las solicitudes de este día aún no están cerradas. Revele después del "
                           "cierre, cuando esté publicada la raíz de las solicitudes.",
        [TN_LANGUAGE_HT] =
            "Demann pou jou sa a poko fèmen. Revele apre yo fèmen, lè rasin demann yo pibliye.",
        [TN_LANGUAGE_PT] = "Os pedidos deste dia ainda não foram encerrados. Revele depois do "
                           "encerramento, com a raiz dos pedidos publicada.",
        [TN_LANGUAGE_RU] = "Приём заявок этого дня ещё не закрыт. Раскройте значение после "
                           "закрытия, когда опубликован корень заявок.",
    }},
    [TN_REFUSAL_reveal_too_late] = {{
        [TN_LANGUAGE_EN] = "With a beacon, a witness's value counts only in the first 450 seconds "
                           "after the close. The draw goes on with the other values.",
        [TN_LANGUAGE_ES] = "Con una baliza, el valor de un testigo solo cuenta en los primeros 450 "
                           "segundos tras el cierre. El sorteo sigue con los demás valores.",
        [TN_LANGUAGE_HT] = "Avèk yon baliz, valè yon temwen konte sèlman nan premye 450 segonn "
                           "apre fèmti a. Tiraj la kontinye ak lòt valè yo.",
        [TN_LANGUAGE_PT] = "Com um farol, o valor de uma testemunha só conta nos primeiros 450 "
                           "segundos após o encerramento. O sorteio segue com os demais valores.",
        [TN_LANGUAGE_RU] = "При маяке значение учитывается 450 секунд после закрытия. Жеребьёвка "
                           "идёт с остальными значениями.",
    }},
    [TN_REFUSAL_witness_unknown] = {{
        [TN_LANGUAGE_EN] = "This is not a witness of that day's draw with a chain bound before the "
                           "close. Check the witness and the day.",
        [TN_LANGUAGE_ES] = "No es un testigo del sorteo de ese día con una cadena fijada antes del "
                           "cierre. Revise el testigo y el día.",
        [TN_LANGUAGE_HT] = "Se pa yon temwen tiraj jou sa a ki te gen yon chèn anvan fèmti a. "
                           "Verifye temwen an ak jou a.",
        [TN_LANGUAGE_PT] = "Não é uma testemunha do sorteio desse dia com uma cadeia fixada antes "
                           "do encerramento. Confira a testemunha e o dia.",
        [TN_LANGUAGE_RU] = "Это не свидетель жеребьёвки того дня с цепочкой, закреплённой до "
                           "закрытия. Проверьте свидетеля и день.",
    }},
    [TN_REFUSAL_witness_already_revealed] = {{
        [TN_LANGUAGE_EN] =
            "This witness has revealed its value for this day already. No further step is needed.",
        [TN_LANGUAGE_ES] =
            "Este testigo ya reveló su valor para este día. No hace falta hacer nada más.",
        [TN_LANGUAGE_HT] =
            "Temwen sa a deja revele valè li pou jou sa a. Ou pa bezwen fè anyen ankò.",
        [TN_LANGUAGE_PT] =
            "Esta testemunha já revelou o seu valor para este dia. Não é preciso fazer mais nada.",
        [TN_LANGUAGE_RU] = "Этот свидетель уже раскрыл своё значение для этого дня. Больше ничего "
                           "делать не нужно.",
    }},
    [TN_REFUSAL_witness_counted_missed] = {{
        [TN_LANGUAGE_EN] = "The policy's limit has passed and this witness was counted as missing. "
                           "The draw goes on without it.",
        [TN_LANGUAGE_ES] = "Pasó el límite de las reglas y este testigo fue contado como ausente. "
                           "El sorteo sigue sin él.",
        [TN_LANGUAGE_HT] =
            "Limit règleman an pase epi yo konte temwen sa a kòm absan. Tiraj la kontinye san li.",
        [TN_LANGUAGE_PT] = "O limite das regras passou e esta testemunha foi contada como ausente. "
                           "O sorteio segue sem ela.",
        [TN_LANGUAGE_RU] =
            "Срок по правилам истёк, и свидетель признан отсутствующим. Жеребьёвка идёт без него.",
    }},
    [TN_REFUSAL_reveal_awaits_others] = {{
        [TN_LANGUAGE_EN] = "Witnesses or the beacon of this day are still awaited. Reveal the "
                           "operator's secret when they are recorded.",
        [TN_LANGUAGE_ES] = "Aún se esperan los testigos o la baliza de este día. Revele el secreto "
                           "del operador cuando estén registrados.",
        [TN_LANGUAGE_HT] = "N ap tann temwen yo oswa baliz jou sa a toujou. Revele sekrè operatè a "
                           "lè yo anrejistre.",
        [TN_LANGUAGE_PT] = "Ainda se aguardam as testemunhas ou o farol deste dia. Revele o "
                           "segredo do operador quando estiverem registrados.",
        [TN_LANGUAGE_RU] = "Ещё ожидаются свидетели или маяк этого дня. Раскройте секрет "
                           "оператора, когда они записаны.",
    }},
    [TN_REFUSAL_beacon_not_awaited] = {{
        [TN_LANGUAGE_EN] = "This day awaits no beacon of this kind, or has one already. Look at "
                           "the page of the day.",
        [TN_LANGUAGE_ES] =
            "Este día no espera ninguna baliza de este tipo o ya tiene una. Vea la página del día.",
        [TN_LANGUAGE_HT] =
            "Jou sa a pa tann okenn baliz kalite sa a, oswa li gen youn deja. Gade paj jou a.",
        [TN_LANGUAGE_PT] =
            "Este dia não aguarda nenhum farol deste tipo ou já tem um. Veja a página do dia.",
        [TN_LANGUAGE_RU] =
            "Этот день не ждёт такого маяка или он уже записан. Посмотрите страницу дня.",
    }},
    [TN_REFUSAL_beacon_too_early] = {{
        [TN_LANGUAGE_EN] = "The instant that fixes this day's beacon has not come. Record the "
                           "value made at or after it.",
        [TN_LANGUAGE_ES] = "Aún no llega el instante que fija la baliza de este día. Registre el "
                           "valor producido en ese momento o después.",
        [TN_LANGUAGE_HT] = "Moman ki fikse baliz jou sa a poko rive. Anrejistre valè ki fèt nan "
                           "moman sa a oswa apre.",
        [TN_LANGUAGE_PT] = "Ainda não chegou o instante que fixa o farol deste dia. Registre o "
                           "valor produzido nesse momento ou depois.",
        [TN_LANGUAGE_RU] = "Ещё не настал момент, определяющий маяк этого дня. Запишите значение, "
                           "созданное в этот момент или позже.",
    }},
    [TN_REFUSAL_beacon_wrong] = {{
        [TN_LANGUAGE_EN] = "This record is not that of the round this day must use, or it does not "
                           "verify. Fetch the required round again.",
        [TN_LANGUAGE_ES] = "Este registro no es el de la ronda que exige este día, o no se "
                           "verifica. Obtenga de nuevo la ronda exigida.",
        [TN_LANGUAGE_HT] = "Dosye sa a pa pou wonn jou sa a dwe itilize, oswa li pa verifye. "
                           "Chache wonn yo mande a ankò.",
        [TN_LANGUAGE_PT] = "Este registro não é o da rodada exigida por este dia, ou não confere. "
                           "Obtenha de novo a rodada exigida.",
        [TN_LANGUAGE_RU] = "Эта запись не того раунда, что нужен этому дню, или не проходит "
                           "проверку. Получите нужный раунд снова.",
    }},
    [TN_REFUSAL_beacon_typed_differently] = {{
        [TN_LANGUAGE_EN] = "Two different people must type the same value of a manual draw, and "
                           "these differ. Compare both with the published draw.",
        [TN_LANGUAGE_ES] = "Dos personas distintas deben escribir el mismo valor del sorteo "
                           "manual, y estos difieren. Compare ambos con el sorteo publicado.",
        [TN_LANGUAGE_HT] = "De moun diferan dwe tape menm valè tiraj manyèl la, epi sa yo diferan. "
                           "Konpare yo de a ak tiraj ki pibliye a.",
        [TN_LANGUAGE_PT] = "Duas pessoas diferentes devem digitar o mesmo valor do sorteio manual, "
                           "e estes diferem. Compare os dois com o sorteio publicado.",
        [TN_LANGUAGE_RU] = "Двое должны ввести одно и то же значение ручного розыгрыша, а эти "
                           "различаются. Сверьте с опубликованным.",
    }},
    [TN_REFUSAL_chain_exists] = {{
        [TN_LANGUAGE_EN] = "This owner has bound a chain already. A chain that is lost or leaked "
                           "is replaced with two approvers.",
        [TN_LANGUAGE_ES] = "Este titular ya fijó una cadena. Una cadena perdida o filtrada se "
                           "reemplaza con dos aprobadores.",
        [TN_LANGUAGE_HT] = "Pwopriyetè sa a te deja fikse yon chèn. Yon chèn ki pèdi oswa ki koule "
                           "ranplase ak de moun ki apwouve.",
        [TN_LANGUAGE_PT] = "Este titular já fixou uma cadeia. Uma cadeia perdida ou vazada é "
                           "substituída com dois aprovadores.",
        [TN_LANGUAGE_RU] = "Этот владелец уже закрепил цепочку. Утраченную или утёкшую цепочку "
                           "заменяют с двумя утверждающими.",
    }},
    [TN_REFUSAL_chain_unknown] = {{
        [TN_LANGUAGE_EN] = "There is no chain of this owner to replace. Bind a first one.",
        [TN_LANGUAGE_ES] =
            "No hay ninguna cadena de este titular que reemplazar. Fije una primera.",
        [TN_LANGUAGE_HT] = "Pa gen okenn chèn pwopriyetè sa a pou ranplase. Fikse yon premye.",
        [TN_LANGUAGE_PT] = "Não há cadeia deste titular para substituir. Fixe uma primeira.",
        [TN_LANGUAGE_RU] = "У этого владельца нет цепочки для замены. Закрепите первую.",
    }},
    [TN_REFUSAL_chain_begins_too_soon] = {{
        [TN_LANGUAGE_EN] = "A new chain serves windows that open seven days later or more. Choose "
                           "a later first day.",
        [TN_LANGUAGE_ES] = "Una cadena nueva sirve para ventanas que abren siete días después o "
                           "más. Elija un primer día posterior.",
        [TN_LANGUAGE_HT] = "Yon nouvo chèn sèvi pou fenèt ki louvri sèt jou apre oswa plis. Chwazi "
                           "yon premye jou ki pi ta.",
        [TN_LANGUAGE_PT] = "Uma cadeia nova serve para janelas que abrem sete dias depois ou mais. "
                           "Escolha um primeiro dia posterior.",
        [TN_LANGUAGE_RU] = "Новая цепочка действует для окон, открывающихся через семь дней и "
                           "позже. Выберите более поздний первый день.",
    }},
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */
