"""What the accounts of the case say: bland sentences made up for it, on purpose about nothing. No quotations.

Each pool belongs to one role, so that a text two roles share was passed on on purpose.
"""

from typing import Final

__all__ = [
    "LEADER",
    "OFFICE_EN",
    "OFFICE_FA",
    "ORDINARY_EN",
    "ORDINARY_FA",
    "SITE_FA",
]

# The leader's accounts, by language.
LEADER: Final[dict[str, tuple[str, ...]]] = {
    "fa": (
        "علم و پژوهش ستون پیشرفت هر کشور است و باید برای آن وقت و حوصله گذاشت.",
        "کتاب خوب، همنشین خوبی است و خواندن آن را نباید به فردا انداخت.",
        "پرستاران و پزشکان در این ماه‌های سخت، شب و روز در کنار بیماران بوده‌اند.",
        "کشاورزان با کار خود سفره‌ی مردم را آباد نگه می‌دارند.",
        "خانواده جایی است که مهربانی و مسئولیت در آن آموخته می‌شود.",
        "معلمان با صبر و دانش خود آینده را می‌سازند.",
        "ورزش همگانی هم تن را سالم نگه می‌دارد و هم روحیه‌ی جامعه را.",
        "حفظ جنگل‌ها و آب‌ها وظیفه‌ای است که به یک نسل محدود نمی‌شود.",
        "هنر وقتی ماندگار است که از زندگی مردم سخن بگوید.",
        "تولید با کیفیت خوب، بهترین پاسخ به نیاز بازار است.",
        "جوانان با امید و کوشش می‌توانند کارهای بزرگ را به سرانجام برسانند.",
        "کمک به همسایه و دستگیری از نیازمند، رسم دیرینه‌ی این سرزمین است.",
        "شنیدن سخن مردم، نخستین گام در خدمت به آنان است.",
        "زبان فارسی میراثی است که باید آن را درست خواند و درست نوشت.",
        "رعایت توصیه‌های پزشکی در این روزها، احترام به جان دیگران است.",
        "کارگران ماهر سرمایه‌ی هر کارخانه‌اند و قدر آنان را باید دانست.",
        "دانشگاه و صنعت باید زبان یکدیگر را بهتر بفهمند.",
        "نظم و وقت‌شناسی، کارهای کوچک را به نتیجه‌های بزرگ می‌رساند.",
        "تاریخ را باید با دقت خواند تا از آن درس گرفت.",
        "راه‌های روستایی و مدرسه‌های کوچک، به همان اندازه‌ی شهرهای بزرگ مهم‌اند.",
    ),
    "en": (
        "Research needs patience, and patience needs people who are given time.",
        "A good book is good company, and reading should not be put off until tomorrow.",
        "Nurses and doctors have stood beside the sick day and night in these hard months.",
        "Farmers keep the tables of the people full with the work of their hands.",
        "Kindness and responsibility are learned at home before they are learned at school.",
        "Teachers build the future with knowledge and with patience.",
        "Sport keeps the body healthy and lifts the spirits of a whole town.",
        "Forests and rivers are a duty that does not end with one generation.",
        "Art lasts when it speaks of the life of ordinary people.",
        "Good workmanship is the best answer to the needs of the market.",
        "Young people can bring great works to an end with hope and effort.",
        "Helping a neighbour is an old custom of this land.",
    ),
    "ar": (
        "القراءة عادة حسنة لا ينبغي أن تؤجل إلى الغد.",
        "المعلمون يبنون المستقبل بالعلم والصبر.",
        "حفظ الغابات والأنهار واجب لا ينتهي بجيل واحد.",
        "الرياضة تحفظ صحة الجسد وترفع معنويات الناس.",
        "مساعدة الجار عادة قديمة في هذه البلاد.",
        "الفن يبقى حين يتحدث عن حياة الناس.",
    ),
    "es": (
        "Leer es una buena costumbre que no conviene dejar para mañana.",
        "Los maestros construyen el futuro con saber y paciencia.",
        "Cuidar los bosques y los ríos es un deber de cada generación.",
        "El deporte mantiene sano el cuerpo y alegre a la gente.",
        "Ayudar al vecino es una vieja costumbre de esta tierra.",
        "El arte dura cuando habla de la vida de la gente.",
    ),
    "fr": (
        "Lire est une bonne habitude qu'il ne faut pas remettre à demain.",
        "Les enseignants bâtissent l'avenir avec savoir et patience.",
        "Prendre soin des forêts et des rivières est un devoir de chaque génération.",
        "Le sport garde le corps en bonne santé et les gens de bonne humeur.",
        "Aider son voisin est une vieille coutume de ce pays.",
        "L'art dure quand il parle de la vie des gens.",
    ),
    "tr": (
        "Okumak yarına bırakılmaması gereken güzel bir alışkanlıktır.",
        "Öğretmenler geleceği bilgi ve sabırla kurar.",
        "Ormanları ve nehirleri korumak her kuşağın görevidir.",
        "Spor bedeni sağlıklı, insanları neşeli tutar.",
        "Komşuya yardım etmek bu toprakların eski bir âdetidir.",
        "Sanat, insanların hayatından söz ettiğinde kalıcı olur.",
    ),
}

OFFICE_FA: Final = (
    "برنامه‌ی امروز از ساعت ده صبح به وقت محلی آغاز می‌شود.",
    "گزارش تازه درباره‌ی وضع جاده‌ها منتشر شد.",
    "هوای فردا در بیشتر استان‌ها آفتابی است.",
    "نشست خبری این هفته به صورت مجازی برگزار می‌شود.",
    "زمان ثبت‌نام تا پایان ماه تمدید شد.",
    "مرحله‌ی تازه‌ی طرح آبرسانی به چند روستا آغاز شد.",
    "نمایشگاه صنایع دستی از شنبه گشایش می‌یابد.",
    "شماره‌ی تازه‌ی مجله‌ی فرهنگی در دسترس است.",
    "نتیجه‌ی مسابقه‌های دیروز را در سایت بخوانید.",
    "ساعت کار دفترها در روزهای تعطیل تغییر می‌کند.",
    "تصویرهایی از باغ‌های پاییزی شمال کشور.",
    "قیمت میوه در بازار هفتگی اعلام شد.",
)

OFFICE_EN: Final = (
    "The office is open from nine to three; please bring an appointment slip.",
    "A new report on the state of the roads is out.",
    "Sunny weather is expected in most provinces tomorrow.",
    "This week's briefing takes place online.",
    "Registration has been extended to the end of the month.",
    "A fair of handicrafts opens on Saturday.",
    "Pictures of autumn gardens in the north of the country.",
    "Read the results of yesterday's matches on our site.",
    "The minister visited a dairy and spoke with the workers.",
    "Two universities agreed to exchange students of agriculture.",
    "An evening of music brought families together.",
    "Opening hours change on public holidays.",
)

# The watched account, when it does not repeat anybody.
SITE_FA: Final = (
    "نسخه‌ی تازه‌ی بخش تصویرها آماده است.",
    "فهرست مطلب‌های این هفته را ببینید.",
    "متن کامل در سایت.",
    "بازنشر به درخواست شما.",
    "پوستر امروز.",
    "یک عکس، یک خاطره.",
    "پرسش‌های شما را خواندیم؛ سپاس از همراهی.",
    "بخش شنیداری به‌روز شد.",
    "این مطلب را از دست ندهید.",
    "گزیده‌ای که زیاد دیده شد.",
)

ORDINARY_FA: Final = (
    "امروز نان تازه پختم و خانه بوی بچگی گرفت.",
    "کسی فیلم خوب برای آخر هفته سراغ دارد؟",
    "بازی دیشب تا دقیقه‌ی آخر نفس‌گیر بود.",
    "گلدان‌های روی پنجره بالاخره گل دادند.",
    "باران آمد و خیابان‌ها تمیز شدند.",
    "یک ساعت در صف بودم و آخر هم دستگاه خراب شد.",
    "این شعر را از مادربزرگم یاد گرفتم.",
    "قطار دوباره دیر کرد.",
    "کوه رفتن جمعه‌ها حال آدم را خوب می‌کند.",
    "چای دارچین در روز سرد.",
    "گربه‌ی همسایه باز روی ماشین من خوابیده.",
    "امتحان تمام شد، حالا نوبت خواب است.",
)

ORDINARY_EN: Final = (
    "Baked bread today and the whole house smells like childhood.",
    "Any good film for the weekend?",
    "Last night's match was tense until the last minute.",
    "The flowers on the windowsill have finally opened.",
    "It rained and the streets are clean.",
    "An hour in the queue and then the machine broke down.",
    "The train was late again.",
    "Hiking on Fridays is good for the soul.",
    "Cinnamon tea on a cold day.",
    "The neighbour's cat sleeps on my car again.",
    "Exams are over, time to sleep.",
    "New photographs from the old town are up.",
)
